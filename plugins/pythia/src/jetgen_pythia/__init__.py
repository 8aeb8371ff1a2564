"""jetgen-pythia: jets and tables of events simulated by Pythia 8 and FastJet, as datasets of jetgen."""
