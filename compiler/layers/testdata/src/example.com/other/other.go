package other

import _ "example.com/m/schema"
