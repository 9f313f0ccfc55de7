"""A module that begins to work when it is imported."""

import threading
import time

from arrow_adapter import ArrowAdapter

from flightstream import adapter

threading.Thread(target=time.sleep, args=(5,), daemon=True, name="early").start()


@adapter
class StartsEarly(ArrowAdapter):
    pass
