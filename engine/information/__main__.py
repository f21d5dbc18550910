"""python -m engine.information AUDIO [AUDIO ...]: recordings to curves of information content."""

import sys

from engine.information.commands import main

if __name__ == "__main__":
    sys.exit(main())
