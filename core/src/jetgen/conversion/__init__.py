"""Files of other layouts become files of clouds: `jetbench convert`.

==============  ==========================================================  ========================================
layout          how it is known                                             what becomes of it
==============  ==========================================================  ========================================
EnergyFlow      npz with ``X`` (N, P, 3 or 4): pT, rapidity, phi, perhaps   jets relative to their axis; ``y`` is
                the PDG number; padded with zeros                           the ``jet_type``: gluon or quark
JetClass        a ROOT tree, or Parquet, with lists ``part_px``,            jets relative to ``jet_eta``,
                ``part_py``, ``part_pz``, ``part_energy``                   ``jet_phi``, ``jet_pt``; ``label_...``
                                                                            are the ``jet_type``
top tagging     HDF5 of pandas with 200 times E, PX, PY, PZ in each row     jets relative to their axis; QCD or top
                (Zenodo 2603256)
CaloChallenge   HDF5 with ``showers`` and ``incident_energies``, in MeV     hits with energy and the indices of
                                                                            their voxels; the incident energy
any other       whatever :func:`jetgen.io.open_clouds` reads, with names    the same, or relative to the axis of the
                for what has none                                           jet, if that is asked for
==============  ==========================================================  ========================================
"""
