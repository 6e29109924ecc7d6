package http

import (
	_ "example.com/m/platform"              // want `^plugins/core/server/http must not import platform: a plugin imports platform/contracts and the platform's helper packages; plugins meet through capabilities$`
	_ "example.com/m/plugins"               // want `^plugins/core/server/http must not import plugins: `
	_ "example.com/m/plugins/core/auth/jwt" // want `^plugins/core/server/http must not import plugins/core/auth/jwt: `
	_ "example.com/other"
)
