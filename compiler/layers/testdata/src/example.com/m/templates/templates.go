package templates

import _ "example.com/m/schema" // want `^templates must not import schema: templates import nothing of ours$`
