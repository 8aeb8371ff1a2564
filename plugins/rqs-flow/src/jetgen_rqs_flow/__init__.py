"""Rational-quadratic-spline coupling flow on pT-ordered particles; see :mod:`jetgen_rqs_flow.spec`."""
