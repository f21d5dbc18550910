"""The one door to Essentia: quiet, and imported only where something is computed."""

import os
from types import ModuleType


def load() -> ModuleType:
    """`essentia.standard`, with TensorFlow's and Essentia's chatter off."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read once, at the first import
    import essentia
    import essentia.standard

    essentia.log.infoActive = essentia.log.warningActive = False
    return essentia.standard
