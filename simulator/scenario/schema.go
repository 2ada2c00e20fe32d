package scenario

import (
	"encoding/json"
	"maps"
)

// Schema is the JSON Schema (draft 2020-12) of scenario files, for editors. The
// words of its vocabularies are those that Load knows; a spec holds its keys
// against Load's. It is a little wider than Load: whether a name is that of a
// client, say, only Load can tell.
func Schema() ([]byte, error) {
	whole := rootSchema()
	root := shape{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "a scenario of rehearse",
		"type":    "object",
		"$defs": shape{
			"whole": whole, "over": relaxed(whole, 3),
			"faults": faultsSchema(), "policy": policySchema(), "services": servicesSchema(),
			"pointers": pointersSchema(), "wants": wantsSchema(), "change": changeSchema(), "action": actionSchema(),
		},
		// A file that extends another one says what differs: nothing has to be there,
		// and a key without a value takes an inherited one away. A matrix may bring what
		// is missing, too, but not what the scenario is.
		"allOf": []shape{
			{
				"if":   anyOf(shape{"required": []string{"extends"}}, shape{"required": []string{"matrix"}}),
				"then": ref("over"), "else": ref("whole"),
			},
			{"if": shape{"required": []string{"extends"}}, "else": shape{"required": []string{"name", "steps"}}},
		},
	}
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// shape is a JSON Schema or a part of one.
type shape map[string]any

func ref(name string) shape { return shape{"$ref": "#/$defs/" + name} }

// about adds a description.
func (s shape) about(text string) shape {
	s = maps.Clone(s)
	s["description"] = text
	return s
}

// mapping is an object with these keys and no others.
func mappingOf(properties shape, required ...string) shape {
	s := shape{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

// named is an object with keys of any name.
func named(value shape) shape {
	return shape{"type": "object", "minProperties": 1, "additionalProperties": value}
}

func anyOf(all ...shape) shape { return shape{"anyOf": all} }

func words(all ...string) shape { return shape{"enum": all} }

// text is a scalar: YAML tells numbers and truth from texts, scenarios do not.
func text() shape { return shape{"type": []string{"string", "number", "boolean"}, "minLength": 1} }

func pattern(p string) shape { return shape{"type": []string{"string", "number"}, "pattern": p} }

// oneOrMore is a value or a list of such values.
func oneOrMore(s shape) shape {
	return anyOf(s, shape{"type": "array", "items": s, "minItems": 1})
}

func listOf(s shape) shape { return shape{"type": "array", "items": s, "minItems": 1} }

func truth() shape { return anyOf(shape{"type": "boolean"}, words("true", "false")) }

func onlyTrue() shape { return anyOf(shape{"const": true}, words("true")) }

func duration() shape {
	return shape{"type": "string", "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|μs|ms|s|m|h))+$`, "examples": []string{"250ms", "15s", "20m", "4h"}}
}

func release() shape {
	return shape{"type": []string{"string", "number"}, "pattern": `^[0-9]+(\.[0-9]+){0,3}$|^[0-9]+(\.[0-9]+){0,2}\.[xX]$`, "examples": []string{"6.5.10.1"}}
}

func port() shape {
	return anyOf(shape{"type": "integer", "minimum": 1, "maximum": 65535}, shape{"type": "string", "pattern": "^[0-9]+$"})
}

func host() shape { return pattern(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`) }

func user() shape { return shape{"type": "string", "pattern": `^[^@]+@[^@]+$`} }

func target() shape {
	return shape{"type": "string", "pattern": `^.+:[0-9]+$`, "examples": []string{"ssh.example.test:22"}}
}

// relaxed is a mapping in which nothing has to be there and everything can be
// taken away, down to some depth; lists replace what was there and stay as they
// are.
func relaxed(s shape, depth int) shape {
	if s["type"] != "object" || depth == 0 {
		return s
	}
	out := maps.Clone(s)
	delete(out, "required")
	delete(out, "anyOf") // of keys one of which is required
	delete(out, "minProperties")
	loose := func(value any) any {
		part, ok := value.(shape)
		if !ok {
			return value
		}
		return anyOf(shape{"type": "null"}, relaxed(part, depth-1))
	}
	if properties, ok := s["properties"].(shape); ok {
		all := shape{}
		for name, value := range properties {
			all[name] = loose(value)
		}
		out["properties"] = all
	}
	out["additionalProperties"] = loose(s["additionalProperties"])
	return out
}
