"""jetgen-pythia: jets simulated on the spot by Pythia 8 and FastJet, as datasets of jetgen."""
