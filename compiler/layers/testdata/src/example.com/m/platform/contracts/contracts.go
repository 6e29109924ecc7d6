package contracts

import (
	_ "example.com/m/platform/secrets" // want `^platform/contracts must not import platform/secrets: contracts import nothing of ours$`
	_ "reflect"                        // want `^platform/contracts must not import reflect: what a generated program links is typed when it is compiled$`
)
