package platform

import (
	_ "example.com/m/platform/contracts"
	_ "example.com/m/plugins/core/auth/jwt" // want `^platform must not import plugins/core/auth/jwt: the platform knows neither the compiler nor any plugin$`
)
