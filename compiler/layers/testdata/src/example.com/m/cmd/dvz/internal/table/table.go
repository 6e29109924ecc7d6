package table

import _ "example.com/m/platform" // want `^cmd/dvz/internal/table must not import platform: `
