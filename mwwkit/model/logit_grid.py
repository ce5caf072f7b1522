"""A finer grid for the logit of an int8 model, so that neighbouring scores are not far apart.

The converter spreads the logit's 256 levels over all that calibration saw, often -30 to 20, though
the uint8 score is the same from -7 down and from 6 up.  In the published models one level of the
logit is therefore 0.15 to 0.22: near a score of 0.9, four levels of the score.  Levels over -7 to 6
are three to four times as many where cutoffs are; what is outside saturates, as the score does.
"""

from __future__ import annotations

import struct

from mwwkit.run.errors import WrongInput

LOWEST, HIGHEST = -7.0, 6.0  # sigmoid: 0.0009 and 0.9975; a score is at most 255 / 256 = 0.9961


def refine(model: bytes) -> bytes:
    """Return the model with its logit's scale and zero point spanning LOWEST to HIGHEST.

    Two numbers of the file change, in place.  Fully connected kernels saturate and take any output
    scale.  A logit that is on a finer grid already is left as it is.

    Raises ValueError when the model does not end in FULLY_CONNECTED, LOGISTIC.
    """
    from ai_edge_litert import schema_py_generated as schema

    root = schema.Model.GetRootAsModel(model, 0)
    main = root.Subgraphs(0)
    codes = [root.OperatorCodes(i).BuiltinCode() for i in range(root.OperatorCodesLength())]
    ops = [main.Operators(i) for i in range(main.OperatorsLength())]
    kinds = [codes[op.OpcodeIndex()] for op in ops]
    ends = [i for i, kind in enumerate(kinds) if kind == schema.BuiltinOperator.LOGISTIC]
    wanted = schema.BuiltinOperator.FULLY_CONNECTED
    if len(ends) != 1 or wanted not in kinds[: ends[0]]:
        raise WrongInput("the model does not end in FULLY_CONNECTED and LOGISTIC")
    logit = main.Tensors(ops[ends[0]].Inputs(0)).Quantization()
    scale = (HIGHEST - LOWEST) / 255
    if logit.ScaleLength() != 1 or logit.Scale(0) <= scale:
        return model
    zero_point = round(-128 - LOWEST / scale)
    patched = bytearray(model)
    struct.pack_into("<f", patched, _first(logit, SCALE_FIELD), scale)
    struct.pack_into("<q", patched, _first(logit, ZERO_POINT_FIELD), zero_point)
    return bytes(patched)


# Places in the schema's table QuantizationParameters: min, max, scale, zero_point are fields 0 to
# 3, and field n of a flatbuffer's table is found at 4 + 2 * n.
SCALE_FIELD, ZERO_POINT_FIELD = 8, 10


def _first(quantization, field: int) -> int:
    """Position in the file of the first element of a vector field."""
    table = quantization._tab
    return table.Vector(table.Offset(field))
