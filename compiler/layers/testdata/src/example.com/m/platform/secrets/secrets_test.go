package secrets_test

import (
	_ "example.com/m/platform/secrets"
	_ "reflect"
)
