package reports

import _ "embed"

//go:embed schema/report.json
var schema []byte

// JSONSchema is the JSON Schema (draft 2020-12) of the JSON report.
func JSONSchema() []byte { return append([]byte(nil), schema...) }
