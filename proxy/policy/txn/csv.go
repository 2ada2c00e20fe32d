package txn

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"rehearse/reports/diag"
)

// separator stands between several values of one name in a row.
const separator = "|"

// ParseCSV reads transactions from a table: the header has the names that Parse
// knows, each row is one transaction, an empty cell leaves a name out, and several
// values of one name stand with a "|" between them. Diagnostics name the row's
// line.
func ParseCSV(name string, src []byte) ([]*Transaction, diag.List) {
	rows := csv.NewReader(bytes.NewReader(src))
	rows.TrimLeadingSpace = true
	header, err := rows.Read()
	if err != nil {
		return nil, diag.List{csvError(name, err)}
	}
	var list []*Transaction
	var found diag.List
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			found = append(found, csvError(name, err))
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			break
		}
		line, _ := rows.FieldPos(0)
		at := diag.Span{File: name, Start: diag.Pos{Line: line, Col: 1}}
		read, diags := Parse(name, object(header, row))
		for _, d := range diags {
			d.Span = at
			found = append(found, d)
		}
		for _, t := range read {
			t.At = at
			list = append(list, t)
		}
	}
	if len(list) == 0 && len(found) == 0 {
		found = append(found, diag.Diagnostic{ID: idShape, Severity: diag.Error, Span: diag.Span{File: name},
			Message: "the table holds no transaction; below the header each row is one"})
	}
	return list, found
}

func csvError(name string, err error) diag.Diagnostic {
	d := diag.Diagnostic{ID: idShape, Severity: diag.Error, Span: diag.Span{File: name}, Message: "no CSV: " + err.Error()}
	var at *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		d.Message = "the table is empty; its first row has condition names"
	case errors.As(err, &at):
		d.Span.Start = diag.Pos{Line: at.Line, Col: at.Column}
		d.Message = "no CSV: " + at.Err.Error()
	}
	return d
}

// object is a row as JSON.
func object(header, row []string) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, value := range row {
		if value == "" || i >= len(header) {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.Write(quoted(strings.TrimSpace(header[i])))
		b.WriteByte(':')
		if !strings.Contains(value, separator) {
			b.Write(quoted(value))
			continue
		}
		b.WriteByte('[')
		for j, one := range strings.Split(value, separator) {
			if j > 0 {
				b.WriteByte(',')
			}
			b.Write(quoted(strings.TrimSpace(one)))
		}
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.Bytes()
}

func quoted(s string) []byte {
	text, _ := json.Marshal(s) // a string has nothing to fail on
	return text
}
