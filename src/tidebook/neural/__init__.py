"""What neural algorithms share: windows, normalisation, the training loop, decoding.

A neural algorithm is a dataclass of hyper-parameters and an `nn.Module`; `NeuralAlgorithm` makes the rest.
"""
