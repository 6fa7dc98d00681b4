"""What encoders are made of, in float32."""

from __future__ import annotations

import numpy as np

from dalle_kit.engine.logits import Array

#: erf(x) is x P(x²) / Q(x²) up to where it is 1 in float32: the coefficients of Eigen's and XLA's ``erf`` for floats,
#: the highest power first. The greatest error is 4e-7.
_ABOVE = (
    *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
    *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
)
_BELOW = (
    *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03),
    -1.42647390514189e-02,
)
_ONE_FROM = 4.0

#: Numbers that are computed at once, so that they stay in the processor's cache.
_CHUNK = 2**15


def linear(states: Array, weight: Array, bias: Array) -> Array:
    """Apply a linear layer (O, I) to states (..., I)."""
    product: Array = states @ weight.T
    product += bias
    return product


def normalise(states: Array, weight: Array, bias: Array, *, epsilon: float) -> Array:
    """Return states (T, D), each of mean 0 and variance 1, times ``weight`` (D,) plus ``bias`` (D,)."""
    centred: Array = states - states.mean(-1, keepdims=True)
    variances = np.einsum("td,td->t", centred, centred) / np.float32(states.shape[-1])
    centred /= np.sqrt(variances + np.float32(epsilon))[:, None]
    centred *= weight
    centred += bias
    return centred


def attend(queries: Array, keys: Array, values: Array) -> Array:
    """Return what queries (..., Q, H) find among keys and values (..., N, H): all of them count."""
    scores: Array = queries @ keys.swapaxes(-1, -2)
    scores *= np.float32(queries.shape[-1] ** -0.5)
    scores -= scores.max(-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(-1, keepdims=True)
    found: Array = scores @ values
    return found


def gelu(states: Array) -> Array:
    """Return x Φ(x) of contiguous states, in their place: the exact GELU, not the one with tanh."""
    flat = states.reshape(-1)
    for start in range(0, len(flat), _CHUNK):
        part = flat[start : start + _CHUNK]
        part *= 0.5 * erf(part * np.float32(0.5**0.5)) + np.float32(0.5)
    return states


def erf(x: Array) -> Array:
    """Return the error function, to within the rounding of float32."""
    x = np.clip(x, -_ONE_FROM, _ONE_FROM)
    square = x * x
    x *= _polynomial(square, _ABOVE)
    x /= _polynomial(square, _BELOW)
    return x


def _polynomial(x: Array, coefficients: tuple[float, ...]) -> Array:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total *= x
        total += np.float32(coefficient)
    return total
