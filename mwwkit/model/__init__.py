"""The net and what becomes of it: MixedNet, its streaming twin, the int8 file, the device.

`shapes`, `device`, `arena`, `manifest` and `gate` need no TensorFlow; `mixednet` and `streaming`
do.
"""
