from . import test_assignment, test_assignment_property, test_customer
