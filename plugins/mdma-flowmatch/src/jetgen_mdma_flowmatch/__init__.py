"""Flow matching on particle clouds with mean-field attention; see :mod:`jetgen_mdma_flowmatch.spec`."""
