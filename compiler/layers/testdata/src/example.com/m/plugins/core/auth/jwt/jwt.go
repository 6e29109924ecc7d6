package jwt

import (
	_ "example.com/m/platform/contracts"
	_ "example.com/m/platform/secrets"
	_ "example.com/m/plugins/core/auth/jwt/keys"
	_ "reflect" // want `^plugins/core/auth/jwt must not import reflect: `
)
