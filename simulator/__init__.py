"""An ONVIF camera made of software, to test and demonstrate against."""
