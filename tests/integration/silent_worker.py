"""A worker process that never says that it is ready."""

import time

if __name__ == "__main__":
    time.sleep(3600)
