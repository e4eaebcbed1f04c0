"""`python -m kiosk_api` is `kiosk`."""

from kiosk_api.cli import main

if __name__ == "__main__":
    main()
