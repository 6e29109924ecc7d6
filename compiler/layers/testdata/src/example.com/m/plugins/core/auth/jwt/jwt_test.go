package jwt_test

import (
	_ "example.com/m/plugins/core/auth/jwt"
	_ "reflect"
)
