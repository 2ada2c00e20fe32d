package worldtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// SchemaFaults says what of a JSON document does not fit a JSON Schema; nothing
// where it fits. It knows the words that schemas of this project use; any other
// one is a fault of its own.
func SchemaFaults(t testing.TB, schema, document []byte) []string {
	t.Helper()
	var root, value any
	for _, part := range []struct {
		text []byte
		into *any
	}{{schema, &root}, {document, &value}} {
		if err := json.Unmarshal(part.text, part.into); err != nil {
			t.Fatalf("no JSON: %v", err)
		}
	}
	return fits{root: root.(map[string]any)}.faults("", root, value)
}

// JudgedBySchema lays documents before the validator of Python's jsonschema and
// says which fit. The test is skipped where that is not installed.
func JudgedBySchema(t testing.TB, schema []byte, documents map[string][]byte) map[string]bool {
	t.Helper()
	if err := exec.Command("python3", "-c", "import jsonschema").Run(); err != nil {
		t.Skip("Python's jsonschema is not installed")
	}
	all := map[string]json.RawMessage{}
	for name, text := range documents {
		all[name] = text
	}
	input, err := json.Marshal(map[string]any{"schema": json.RawMessage(schema), "documents": all})
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("python3", "-c", `
import json, sys, jsonschema
given = json.load(sys.stdin)
jsonschema.Draft202012Validator.check_schema(given["schema"])
judge = jsonschema.Draft202012Validator(given["schema"])
json.dump({name: judge.is_valid(document) for name, document in given["documents"].items()}, sys.stdout)
`)
	c.Stdin = bytes.NewReader(input)
	output, err := c.Output()
	if err != nil {
		t.Fatalf("jsonschema: %v", err)
	}
	verdicts := map[string]bool{}
	if err := json.Unmarshal(output, &verdicts); err != nil {
		t.Fatal(err)
	}
	return verdicts
}

// fits holds values against the parts of one schema.
type fits struct{ root map[string]any }

func (f fits) faults(at string, schema, value any) []string {
	if yes, plain := schema.(bool); plain {
		if yes {
			return nil
		}
		return []string{at + ": not allowed"}
	}
	var all []string
	s := schema.(map[string]any)
	for _, word := range slices.Sorted(maps.Keys(s)) {
		if fault := f.word(at, word, s, value); fault != nil {
			all = append(all, fault...)
		}
	}
	return all
}

// word holds a value against one keyword.
func (f fits) word(at, word string, s map[string]any, value any) []string {
	fail := func(format string, args ...any) []string { return []string{at + ": " + fmt.Sprintf(format, args...)} }
	want := s[word]
	switch word {
	case "$schema", "$id", "$defs", "title", "description", "examples", "then", "else", "properties":
		if word == "properties" {
			return f.properties(at, s, value)
		}
	case "$ref":
		part := any(f.root)
		for _, step := range strings.Split(strings.TrimPrefix(want.(string), "#/"), "/") {
			part = part.(map[string]any)[step]
		}
		return f.faults(at, part, value)
	case "if":
		branch := "then"
		if len(f.faults(at, want, value)) > 0 {
			branch = "else"
		}
		if part, ok := s[branch]; ok {
			return f.faults(at, part, value)
		}
	case "allOf":
		var all []string
		for _, part := range want.([]any) {
			all = append(all, f.faults(at, part, value)...)
		}
		return all
	case "anyOf":
		var first []string
		for _, part := range want.([]any) {
			faults := f.faults(at, part, value)
			if len(faults) == 0 {
				return nil
			}
			first = append(first, faults...)
		}
		return first
	case "enum":
		if !slices.Contains(want.([]any), value) {
			return fail("%v is none of %v", value, want)
		}
	case "const":
		if value != want {
			return fail("%v is not %v", value, want)
		}
	case "type":
		types, several := want.([]any)
		if !several {
			types = []any{want}
		}
		if !slices.ContainsFunc(types, func(t any) bool { return isType(value, t.(string)) }) {
			return fail("%v is no %v", value, want)
		}
	default:
		return f.limit(at, word, s, value)
	}
	return nil
}

// properties holds the fields of an object against their schemas, and the others
// against additionalProperties.
func (f fits) properties(at string, s map[string]any, value any) []string {
	var all []string
	object, _ := value.(map[string]any)
	known, _ := s["properties"].(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if part, ok := known[name]; ok {
			all = append(all, f.faults(at+"/"+name, part, object[name])...)
		}
	}
	return all
}

// limit holds a value against a keyword that limits values of one type.
func (f fits) limit(at, word string, s map[string]any, value any) []string {
	want := s[word]
	var all []string
	fail := func(format string, args ...any) { all = append(all, at+": "+fmt.Sprintf(format, args...)) }
	switch v := value.(type) {
	case map[string]any:
		known, _ := s["properties"].(map[string]any)
		switch word {
		case "required":
			for _, name := range want.([]any) {
				if _, there := v[name.(string)]; !there {
					fail("lacks %v", name)
				}
			}
			return all
		case "additionalProperties":
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if _, there := known[name]; !there {
					all = append(all, f.faults(at+"/"+name, want, v[name])...)
				}
			}
			return all
		case "minProperties":
			if len(v) < int(want.(float64)) {
				fail("has %d fields", len(v))
			}
			return all
		}
	case []any:
		switch word {
		case "items":
			for i, item := range v {
				all = append(all, f.faults(fmt.Sprintf("%s/%d", at, i), want, item)...)
			}
			return all
		case "minItems":
			if len(v) < int(want.(float64)) {
				fail("has %d items", len(v))
			}
			return all
		}
	case string:
		switch word {
		case "pattern":
			if !regexp.MustCompile(want.(string)).MatchString(v) {
				fail("%q does not match %s", v, want)
			}
			return all
		case "minLength":
			if utf8.RuneCountInString(v) < int(want.(float64)) {
				fail("%q is too short", v)
			}
			return all
		}
	case float64:
		n, _ := want.(float64)
		if word == "minimum" && v < n || word == "maximum" && v > n || word == "exclusiveMinimum" && v <= n {
			fail("%v is out of bounds, %s %v", v, word, n)
		}
	}
	known := []string{
		"required", "additionalProperties", "minProperties", "items", "minItems", "pattern", "minLength",
		"minimum", "maximum", "exclusiveMinimum",
	}
	if !slices.Contains(known, word) {
		fail("the schema says %q, which is not known here", word)
	}
	return all
}

func isType(value any, name string) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	}
	return name == "object"
}
