"""Setting a kiosk up and looking whether it is fit to serve.

`kiosk init` makes what a service needs (`initialise`), `kiosk doctor` examines it (`doctor`) and
changes nothing.
"""
