"""jetgen-pythia: jets simulated by Pythia 8 and clustered by FastJet, as datasets of jetgen."""
