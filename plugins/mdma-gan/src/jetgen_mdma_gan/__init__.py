"""An adversarial generator of particle clouds with mean-field attention; see :mod:`jetgen_mdma_gan.spec`."""
