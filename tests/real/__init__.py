from tests import bare as bare
