package reports

import (
	"encoding/json"
	"io"
)

// writeJSON renders the report as it is: indented by two blanks, "<", ">" and "&"
// as themselves, one newline at the end.
func writeJSON(w io.Writer, r *Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
