package diag

import _ "example.com/m" // want `^compiler/diag must not import the module's root: `
