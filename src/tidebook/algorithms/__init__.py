"""Ways to make a model, one file each, and the registry that finds them."""

import os

# PyTorch's threads wait for each other busily unless told otherwise, before it is imported. With another training or a
# server on the same cores a step then took 350 to 1,500 ms in place of 46.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
