"""A controller of the domain: each module is something that domain.py does. Written by maquette."""
