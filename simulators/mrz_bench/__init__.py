"""`kiosk bench mrz`: our reader beside PassportEye, in turns on the same pictures."""
