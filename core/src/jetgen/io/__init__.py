"""Clouds in files: HDF5 and npz, read by slices, written whole or not at all.

Four layouts are read. In each, N is the number of clouds, P the places of a padded array and F the features.

========  =====================================================  =========================================
layout    arrays                                                 where the meaning comes from
========  =====================================================  =========================================
native    ``points`` (total, F), ``offsets`` (N + 1), perhaps    attributes ``cloud_spec`` (JSON) and
          ``context`` (N, C), ``event`` (N), group ``given``     ``format_version``
ragged    the same arrays without these attributes               ``feature_names``, or the caller
padded    ``points`` (N, P, F) and ``mask`` (N, P)               ``feature_names``, or the caller
JetNet    ``particle_features`` (N, P, 4), the mask as last      ``particle_feature_names``, or the
          column, perhaps ``jet_features``                       published order
========  =====================================================  =========================================

A ragged or padded file may also be an ``.npz`` archive; that cannot be sliced on disk and is read whole.
"""
