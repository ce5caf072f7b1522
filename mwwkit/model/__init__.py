"""The nets, and the forms a net takes on its way to the device.

shapes        the shapes a net can have, and what each costs; no TensorFlow
targets       the chips a net may be meant for, and whether it fits; no TensorFlow
backend       TensorFlow and Keras, loaded when first used
mixednet      MixedNet in Keras, whole spectrograms at a time
layers        its layers
streaming     one step of three frames at a time, state in variables; conversion to int8
logit_grid    a finer grid for the logit of an int8 model
float_stream  the float form of the shipped model, streamed
onnx_model    the float net for ONNX Runtime (extra onnx)
"""
