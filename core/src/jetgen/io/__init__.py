"""Clouds in files: HDF5, npz, tables and ROOT trees, read by slices, written whole or not at all.

Seven layouts are read. N is the number of clouds, F of features, C of conditioning columns and P of slots of a padded
array.

========  =====================================================  =========================================
layout    arrays                                                 source of the meaning
========  =====================================================  =========================================
native    ``points`` (total, F), ``offsets`` (N + 1), perhaps    attributes ``cloud_spec`` (JSON) and
          ``context`` (N, C), ``event`` (N), group ``given``     ``format_version``
ragged    the same arrays without these attributes               ``feature_names``, or the caller
padded    ``points`` (N, P, F) and ``mask`` (N, P)               ``feature_names``, or the caller
npy       one array (N, P, F); the caller names the feature      the caller
          that is positive where there is a point
JetNet    ``particle_features`` (N, P, 4), the mask as last      ``particle_feature_names``, or the
          column, perhaps ``jet_features``                       published order
table     the columns of a CSV or Parquet file; each row is a    the header or the schema, or the
          cloud of one point                                     caller
lists     the columns of lists of a Parquet file, or the         their names
          branches of lists of a ROOT tree or RNTuple
========  =====================================================  =========================================

A ragged or padded file may also be an ``.npz`` archive. Each array of it that is needed is read whole, because it
cannot be sliced on disk, and the others not at all.
Of a Parquet file one row group is in memory; a CSV file, also compressed by gzip, is read once, block by block, and its
numbers kept (:mod:`jetgen.io.tables`). ROOT files need uproot (``jetgen[root]``).
The array ``context`` is the conditioning; files of users may call it ``conditioning`` too.

What is read is in the file itself and whole. HDF5 that points to other files (virtual datasets, external links, raw
external storage) and arrays of which blocks were never written are refused, because HDF5 answers zeros for what is
missing. Kind and size of a file are checked before it is opened, shapes before anything is allocated. An error of any
library becomes one sentence in :mod:`jetgen.io.reading`; :mod:`jetgen.io.foreign` knows files of other formats,
and :mod:`jetgen.conversion` makes clouds of published ones.
"""
