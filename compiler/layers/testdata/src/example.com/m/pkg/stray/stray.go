package stray // want `^pkg/stray belongs to no layer: move it, or give its folder a row in compiler/layers$`
