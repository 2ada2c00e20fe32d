package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"rehearse/proxy"
)

// serviceEntry is a service as a file of services has it, in the words of a scenario.
type serviceEntry struct {
	Name           string `yaml:"name"`
	Group          string `yaml:"group"`
	Kind           string `yaml:"kind"`
	Port           uint16 `yaml:"port"`
	DetectProtocol bool   `yaml:"detect_protocol"`
}

// servicesFrom reads a file of services: a YAML list of name, port, kind and
// detect_protocol.
func servicesFrom(name string, transparent bool) ([]proxy.Service, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unable(err, "give --services a YAML file: - {name: Explicit HTTP, port: 8080, detect_protocol: true}")
	}
	defer f.Close()
	d := yaml.NewDecoder(f)
	d.KnownFields(true)
	var entries []serviceEntry
	if err := d.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
		return nil, &failure{code: exitInput, err: fmt.Errorf("%s: %s", name, yamlError(err)), hint: "- {name: Explicit HTTP, port: 8080, detect_protocol: true}"}
	}
	var out []proxy.Service
	for i, e := range entries {
		s, err := e.service(transparent)
		if err != nil {
			return nil, &failure{code: exitInput, err: fmt.Errorf("%s: service %d: %w", name, i+1, err), hint: "- {name: Explicit HTTP, port: 8080, detect_protocol: true}"}
		}
		out = append(out, s)
	}
	return out, nil
}

// yamlError is what is wrong with a file, in one line and without types of Go.
func yamlError(err error) string {
	text := strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "in type main.serviceEntry", "in a service; there are name, group, kind, port and detect_protocol")
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "unmarshal errors:", "")), " ")
}

func (e serviceEntry) service(transparent bool) (proxy.Service, error) {
	s := proxy.Service{Name: e.Name, Group: e.Group, Kind: proxy.Kind(e.Kind), Port: e.Port, DetectProtocol: e.DetectProtocol}
	if s.Group == "" {
		s.Group = "Standard"
	}
	if s.Kind == "" {
		s.Kind = usualKind(s.Port, transparent)
	}
	switch {
	case s.Name == "":
		return s, errors.New("no name")
	case !slices.Contains(proxy.Kinds, s.Kind):
		return s, fmt.Errorf("no kind %q; there are %s", e.Kind, kindNames())
	case s.Kind.Transparent() != transparent:
		return s, fmt.Errorf("kind %s is for %s clients", s.Kind, map[bool]string{true: "transparent", false: "explicit"}[!transparent])
	}
	return s, nil
}
