package reports_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"rehearse/reports"
	"rehearse/simulator/world/worldtest"
)

// object is a part of a JSON Schema.
type object = map[string]any

// resolved follows a reference.
func resolved(root, part object) object {
	if ref, ok := part["$ref"].(string); ok {
		return root["$defs"].(object)[strings.TrimPrefix(ref, "#/$defs/")].(object)
	}
	return part
}

// holds compares a type with a part of the schema: the same fields, of the same
// kinds, those required that are always written.
func holds(root, part object, t reflect.Type, at string) {
	GinkgoHelper()
	part = resolved(root, part)
	switch {
	case t == reflect.TypeFor[reports.Variant](), t.Kind() == reflect.Map:
		Expect(part["type"]).To(Equal("object"), at)
	case t.Kind() == reflect.Slice:
		Expect(part["type"]).To(Equal("array"), at)
		holds(root, part["items"].(object), t.Elem(), at+"[]")
	case t.Kind() == reflect.Struct:
		var names, required []string
		for i := range t.NumField() {
			name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
			names = append(names, name)
			if options != "omitempty" {
				required = append(required, name)
			}
			property, known := part["properties"].(object)[name].(object)
			Expect(known).To(BeTrue(), "%s.%s", at, name)
			holds(root, property, t.Field(i).Type, at+"."+name)
		}
		Expect(slices.Collect(maps.Keys(part["properties"].(object)))).To(ConsistOf(names), at)
		Expect(part["required"]).To(ConsistOf(required), at)
		Expect(part["additionalProperties"]).To(BeFalse(), at)
	case part["enum"] != nil:
		Expect(t.Kind()).To(Equal(reflect.String), at)
	case part["const"] != nil:
		Expect(part["const"]).To(BeEquivalentTo(reports.Schema), at)
	default:
		kinds := map[reflect.Kind]string{reflect.String: "string", reflect.Int: "integer", reflect.Int64: "integer", reflect.Bool: "boolean"}
		Expect(part["type"]).To(Equal(kinds[t.Kind()]), at)
	}
}

var _ = Describe("the schema of the JSON report", func() {
	It("has the fields of a report", func() {
		var root object
		Expect(json.Unmarshal(reports.JSONSchema(), &root)).To(Succeed())
		holds(root, root, reflect.TypeFor[reports.Report](), "report")
	})
	It("takes reports", func() {
		for _, r := range []*reports.Report{sample(), hostile(), shard(1)} {
			if r.PolicyCoverage == nil {
				r.PolicyCoverage = []reports.Coverage{}
			}
			complete(r)
			Expect(worldtest.SchemaFaults(GinkgoTB(), reports.JSONSchema(), rendered(format("json"), r))).To(BeEmpty())
		}
	})
	It("agrees with a validator made elsewhere", func() {
		good := sample()
		complete(good)
		bad := strings.Replace(string(rendered(format("json"), good)), `"verdict": "failed"`, `"verdict": "flaky"`, 1)
		Expect(worldtest.JudgedBySchema(GinkgoTB(), reports.JSONSchema(), map[string][]byte{
			"good": rendered(format("json"), good), "bad": []byte(bad),
		})).To(Equal(map[string]bool{"good": true, "bad": false}))
	})
})

// complete gives a report made by hand the lists that a run always writes.
func complete(r *reports.Report) {
	for i := range r.Scenarios {
		s := &r.Scenarios[i]
		s.Hosts, s.Evidence = append([]reports.Host{}, s.Hosts...), append([]reports.Evidence{}, s.Evidence...)
		s.Variant = append(reports.Variant{}, s.Variant...)
	}
}
