"""The formats that a run is written in, one per module, registered as a third party's are; pure."""
