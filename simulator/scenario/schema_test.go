package scenario_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.yaml.in/yaml/v3"

	"rehearse/reports/diag"
	"rehearse/scenarios"
	"rehearse/simulator/scenario"
	"rehearse/simulator/world/worldtest"
)

// asJSON is a YAML text as an editor sees it.
func asJSON(text []byte) []byte {
	GinkgoHelper()
	var doc yaml.Node
	Expect(yaml.Unmarshal(text, &doc)).To(Succeed())
	out, err := json.Marshal(plain(doc.Content[0]))
	Expect(err).NotTo(HaveOccurred())
	return out
}

// plain is a node as a value of JSON: numbers, truth and nothing by their looks,
// dates as texts.
func plain(n *yaml.Node) any {
	switch n.Kind {
	case yaml.SequenceNode:
		all := []any{}
		for _, item := range n.Content {
			all = append(all, plain(item))
		}
		return all
	case yaml.MappingNode:
		all := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			all[n.Content[i].Value] = plain(n.Content[i+1])
		}
		return all
	}
	switch n.ShortTag() {
	case "!!int", "!!float":
		if v, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return v
		}
	case "!!bool":
		return n.Value == "true"
	case "!!null":
		return nil
	}
	return n.Value
}

func schema() []byte {
	GinkgoHelper()
	text, err := scenario.Schema()
	Expect(err).NotTo(HaveOccurred())
	return text
}

// stock are the scenarios of the binary, but those that are only extended.
func stock() map[string][]byte {
	GinkgoHelper()
	files, err := fs.Glob(scenarios.FS, "*/*.yaml")
	Expect(err).NotTo(HaveOccurred())
	all := map[string][]byte{}
	for _, f := range files {
		text, err := fs.ReadFile(scenarios.FS, f)
		Expect(err).NotTo(HaveOccurred())
		if !strings.HasPrefix(path.Base(f), "_") {
			all[f] = asJSON(text)
		}
	}
	Expect(len(all)).To(BeNumerically(">", 20))
	return all
}

// byLoad are the texts of the corpus that are YAML mappings, by whether Load takes
// them; those that it refuses for what a schema cannot see are left out.
func byLoad() (right, wrong map[string][]byte) {
	GinkgoHelper()
	right, wrong = map[string][]byte{}, map[string][]byte{}
	seen := []string{"scenario-unknown-key", "scenario-missing", "scenario-release", "scenario-duration"}
	for i, text := range corpus() {
		var doc yaml.Node
		if yaml.Unmarshal([]byte(text), &doc) != nil || doc.Kind == 0 || doc.Content[0].Kind != yaml.MappingNode {
			continue
		}
		name := fmt.Sprintf("text %d", i+1)
		switch _, list := load(text, nil); {
		case slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return d.ID == "scenario-matrix" }): // wrong paths
		case !list.HasErrors():
			right[name] = asJSON([]byte(text))
		case slices.ContainsFunc(list, func(d diag.Diagnostic) bool { return slices.Contains(seen, d.ID) }):
			wrong[name] = asJSON([]byte(text))
		}
	}
	return right, wrong
}

// everyFault is a scenario for each kind of fault, written as short as it may be and
// with all of its params.
func everyFault() map[string]string {
	values := map[string]string{
		"by": "3s", "name": "sip.contoso.test", "host": "webdir.online.lync.com", "port": "443", "protocol": "tcp", "client": "alice",
		"rate": "30%", "to": "10.66.0.1", "alert": "handshake_failure", "status": "504", "diagnostics": "1010 the reason", "address": "10.0.0.1:443", "way": "mute",
	}
	all := map[string]string{}
	for _, k := range scenario.FaultKinds() {
		short, long := []string{k.Word + ": true"}, []string{}
		if len(k.Params) > 0 {
			first := k.Word + ": " + values[k.Params[0]]
			long = append(long, first)
			if len(k.Needed) > 0 {
				short = []string{first}
			}
		}
		for i, p := range k.Params {
			if i == 0 {
				continue
			}
			long = append(long, p+": "+values[p])
			if slices.Contains(k.Needed, p) {
				short = append(short, p+": "+values[p])
			}
		}
		name := k.Target + " " + k.Word
		all[name] = small(fmt.Sprintf("faults: {%s: {%s}}\n", k.Target, strings.Join(short, ", ")))
		if len(long) > 0 {
			all[name+" with all"] = small(fmt.Sprintf("faults: {%s: {%s}}\n", k.Target, strings.Join(long, ", ")))
		}
		if len(k.Needed) == 0 {
			all[name+" as a word"] = small(fmt.Sprintf("faults: {%s: %s}\n", k.Target, k.Word))
		}
	}
	return all
}

var _ = Describe("the schema", func() {
	fits := func(document []byte) []string { return worldtest.SchemaFaults(GinkgoTB(), schema(), document) }

	It("takes every stock scenario", func() {
		for name, document := range stock() {
			Expect(fits(document)).To(BeEmpty(), name)
		}
	})
	It("takes every kind of fault as Load does", func() {
		for name, text := range everyFault() {
			_, list := load(text, nil)
			Expect(list.HasErrors()).To(BeFalse(), "%s: %v", name, list)
			Expect(fits(asJSON([]byte(text)))).To(BeEmpty(), name)
		}
	})
	It("takes what Load takes, and not what it refuses for its shape", func() {
		right, wrong := byLoad()
		Expect(wrong).NotTo(BeEmpty())
		for name, document := range right {
			Expect(fits(document)).To(BeEmpty(), name)
		}
		for name, document := range wrong {
			Expect(fits(document)).NotTo(BeEmpty(), "%s: %s", name, document)
		}
	})
	It("agrees with a validator made elsewhere", func() {
		documents := stock()
		right, wrong := byLoad()
		maps.Copy(documents, right)
		want := map[string]bool{}
		for name := range documents {
			want[name] = true
		}
		for name, document := range wrong {
			documents[name], want[name] = document, false
		}
		Expect(worldtest.JudgedBySchema(GinkgoTB(), schema(), documents)).To(Equal(want))
	})
	It("lets a matrix bring what is missing", func() {
		text := "name: a\nappliance: {}\nclients: {alice: {}}\nsteps: [{alice: sign in}]\nmatrix: {release: [6.5.10.1], clients.alice.profile: [browser]}\n"
		good(text, nil)
		Expect(fits(asJSON([]byte(text)))).To(BeEmpty())
		Expect(fits([]byte(`{"matrix": {"release": ["7.1"]}}`))).NotTo(BeEmpty())
	})
	It("lets a file that extends another take things away", func() {
		Expect(fits([]byte(`{"extends": "a.yaml", "labels": null, "clients": {"bob": null, "alice": {"user": null}}, "appliance": {"policy": null}}`))).To(BeEmpty())
		Expect(fits([]byte(`{"extends": "a.yaml", "clients": {"alice": {"profil": "x"}}}`))).NotTo(BeEmpty())
	})

	DescribeTable("has the keys of Load's table",
		func(text string, where ...string) {
			_, list := load(strings.Replace(text, "HERE", "zzzzzzzz: 1", 1), nil)
			var keys []string
			for _, d := range list {
				if d.ID == "scenario-unknown-key" && strings.Contains(d.Message, "zzzzzzzz") {
					Expect(d.Notes).NotTo(BeEmpty())
					keys = strings.Split(strings.TrimPrefix(d.Notes[0].Message, "the keys are "), ", ")
				}
			}
			Expect(keys).NotTo(BeEmpty(), "%v", list)
			var part any
			Expect(json.Unmarshal(schema(), &part)).To(Succeed())
			for _, step := range where {
				if i, err := strconv.Atoi(step); err == nil {
					part = part.([]any)[i]
				} else {
					part = part.(map[string]any)[step]
				}
			}
			Expect(slices.Sorted(maps.Keys(part.(map[string]any)["properties"].(map[string]any)))).To(Equal(slices.Sorted(slices.Values(keys))))
		},
		Entry("the scenario", small("HERE\n"), "$defs", "whole"),
		Entry("the appliance", strings.Replace(small(""), "release:", "HERE, release:", 1), "$defs", "whole", "properties", "appliance"),
		Entry("the estate", small("estate: {HERE}\n"), "$defs", "whole", "properties", "estate"),
		Entry("the network", small("network: {HERE}\n"), "$defs", "whole", "properties", "network"),
		Entry("a server", small("servers: {a.test: {speaks: ssh, HERE}}\n"), "$defs", "whole", "properties", "servers", "additionalProperties", "anyOf", "1"),
		Entry("a client", strings.Replace(small(""), "profile:", "HERE, profile:", 1), "$defs", "whole", "properties", "clients", "additionalProperties"),
		Entry("a service", strings.Replace(small(""), "release:", "services: [{name: a, port: 80, HERE}], release:", 1), "$defs", "services", "items"),
		Entry("a policy", strings.Replace(small(""), "release:", "policy: {text: a, HERE}, release:", 1), "$defs", "policy", "anyOf", "0", "anyOf", "1"),
		Entry("a change", strings.Replace(small(""), "{alice: sign in}", "{appliance: {HERE}}", 1), "$defs", "change", "anyOf", "1"),
		Entry("expectations", strings.Replace(small(""), "sign in}", "sign in, expect: {HERE}}", 1), "$defs", "wants"),
		Entry("an event", strings.Replace(small(""), "sign in}", "sign in, expect: {events: {HERE}}}", 1), "$defs", "wants", "properties", "events", "anyOf", "0"),
	)
})
