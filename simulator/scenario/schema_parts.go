package scenario

import (
	"slices"

	"rehearse/simulator/server"
)

// rootSchema is a scenario file that extends no other.
func rootSchema() shape {
	return mappingOf(shape{
		"extends":   shape{"type": "string"}.about("another scenario file, over which this one is laid"),
		"name":      text().about("what the scenario is about, in one line"),
		"labels":    oneOrMore(pattern(`^[^ ()!=<>~&|,]+$`)).about("words by which --filter finds it"),
		"start":     shape{"type": "string"}.about("the scenario's clock at the beginning: 2017-03-01 or 2017-03-01T08:00:00Z"),
		"appliance": applianceSchema().about("how the interceptor is set up at the beginning"),
		"estate": mappingOf(shape{
			"domain": host().about("the SIP domain"), "zone": host().about("DNS zone of the servers"),
			"key":   words("ecdsa", "rsa").about("keys of the public PKI"),
			"users": named(text()).about("users with their passwords, beside the clients' own"),
		}).about("the Skype for Business estate"),
		"network": mappingOf(shape{
			"udp": words("blocked", "open").about("whether clients' UDP gets out"), "latency": duration().about("each way, between any two hosts"),
		}),
		"servers": named(anyOf(words(serverSpeaks()...), mappingOf(shape{
			"speaks": words(serverSpeaks()...), "port": port(), "certificate": words(certificates()...),
		}, "speaks"))).about("origins beside the estate's: host to what it speaks"),
		"clients": named(clientSchema()).about("a name to its client"),
		"faults":  ref("faults").about("in force from the beginning"),
		"steps":   listOf(stepSchema()).about("the story, one line after the other"),
		"matrix": named(anyOf(shape{"type": "array", "minItems": 1}, shape{"type": "object", "minProperties": 1})).
			about("settings to multiply by: the path of a setting to its values"),
	}, "name", "appliance", "clients", "steps")
}

func applianceSchema() shape {
	s := mappingOf(shape{
		"release":               release().about("SGOS release"),
		"deployment":            words(deployments()...).about("how clients come to the appliance; none is a world without one"),
		"services":              ref("services").about("listeners; Detect Protocol is off unless switched on"),
		"policy":                ref("policy").about("the installed policy: a path, a list, or none"),
		"default_policy":        words("allow", "deny"),
		"revocation_pointers":   ref("pointers").about("revocation pointers in emulated certificates"),
		"issuer":                words("root", "intermediate").about("who issues emulated certificates"),
		"intermediate_pointers": ref("pointers").about("revocation pointers in the intermediate's own certificate"),
		"staple":                truth().about("OCSP answers are stapled to emulated certificates"),
		"categories":            named(oneOrMore(text())).about("a host or domain to its categories"),
	})
	// Without an appliance there is no release.
	s["anyOf"] = []shape{{"required": []string{"release"}}, {"properties": shape{"deployment": shape{"const": string(None)}}, "required": []string{"deployment"}}}
	return s
}

func servicesSchema() shape {
	return shape{"type": "array", "items": mappingOf(shape{
		"name": text(), "kind": words(serviceKinds()...), "port": port(), "detect_protocol": truth(),
	}, "name", "port")}
}

func policySchema() shape {
	one := anyOf(shape{"type": "string", "minLength": 1}.about("path of a CPL file, relative to this one"),
		mappingOf(shape{"text": shape{"type": "string", "minLength": 1}.about("CPL"), "name": text().about("its name in traces")}, "text"))
	return anyOf(one, shape{"type": "array", "items": one})
}

func pointersSchema() shape {
	return anyOf(words("none", "crl", "ocsp"), shape{"type": "array", "items": words("crl", "ocsp")})
}

func clientSchema() shape {
	return mappingOf(shape{
		"profile": words(profiles()...).about("how it behaves; rehearse list profiles"),
		"user":    user().about("its sign-in address"), "password": text(),
		"ending":           words(endings()...).about("how it ends a handshake that it refuses"),
		"trusts_appliance": truth().about("whether the appliance's root is installed on it"),
		"realm":            text(), "groups": oneOrMore(text()),
	}, "profile")
}

// stepSchema is a step: what its actor does under the actor's name, and more.
func stepSchema() shape {
	return shape{
		"type": "object", "minProperties": 1,
		"properties": shape{
			actorAppliance: ref("change").about("an administrator's work"),
			actorFaults:    ref("faults").about("beside an actor: for this step; alone: until the next such step"),
			actorWait:      duration().about("time passes"),
			"expect":       oneOrMore(ref("wants")).about("what the step should end in"),
			"when":         named(oneOrMore(text())).about("only in variants that have these values"),
			"id":           text(),
		},
		"additionalProperties": ref("action"),
	}
}

func actionSchema() shape {
	return anyOf(
		words(plainWords()...).about("what a client does"),
		mappingOf(shape{"join": text().about("a meeting")}, "join"),
		mappingOf(shape{"talk": duration().about("audio in the meeting, for the time")}, "talk"),
		mappingOf(shape{"browse": pattern("^https?://.").about("a page")}, "browse"),
		mappingOf(shape{"connect": target().about("HOST:PORT"), "speak": words(clientSpeaks()...)}, "connect", "speak"),
	)
}

func changeSchema() shape {
	return anyOf(words("restart", "cold cache"), mappingOf(shape{
		"upgrade": release(), "policy": ref("policy"), "revocation_pointers": ref("pointers"), "intermediate_pointers": ref("pointers"),
		"services": ref("services"), "restart": onlyTrue(), "cold_cache": onlyTrue(), "revoke": host().about("an emulated certificate, by host"),
	}))
}

func wantsSchema() shape {
	event := oneOrMore(shape{
		"type": "object", "minProperties": 1, "additionalProperties": false,
		"properties": shape{"kind": words(EventKinds()...), "actor": text(), "contains": oneOrMore(text())},
	})
	return mappingOf(shape{
		"stage": oneOrMore(words(stages()...)).about("how far the client came"), "result": oneOrMore(words(results()...)).about("how it ended"),
		"code": oneOrMore(text()).about("rehearse list codes"), "media": oneOrMore(words(media()...)).about("how audio travels"),
		"wire":   oneOrMore(anyOf(words("alert", "FIN", "RST"), pattern("^([Aa][Ll][Ee][Rr][Tt]|[Ff][Ii][Nn]|[Rr][Ss][Tt])$"))).about("how the refusal looked on the wire"),
		"bytes":  oneOrMore(pattern("^([0-9A-Fa-f]{2} *)+$")).about("an unexpected answer's first bytes, in hexadecimal"),
		"within": duration(), "at_least": duration(),
		"events": event.about("there is such an event"), "no_events": event.about("there is no such event"),
		"when": named(oneOrMore(text())).about("only in variants that have these values"),
	})
}

// faultsSchema is faults by target, from the table of all kinds.
func faultsSchema() shape {
	kinds := FaultKinds()
	properties := shape{}
	for _, target := range targets(kinds) {
		var own []FaultKind
		for _, k := range kinds {
			if k.Target == target {
				own = append(own, k)
			}
		}
		properties[target] = oneOrMore(faultSchema(own))
	}
	return anyOf(words("none"), shape{"type": "object", "properties": properties, "additionalProperties": false})
}

// faultSchema is one fault of a target: a word, a status, or a mapping.
func faultSchema(kinds []FaultKind) shape {
	var plain []string
	var ways []shape
	for _, k := range kinds {
		if len(k.Needed) == 0 {
			plain = append(plain, k.Word)
		}
		if k.Word == "status" {
			ways = append(ways, paramSchema("status"))
		}
		ways = append(ways, faultMapping(k))
	}
	if len(plain) > 0 {
		ways = append([]shape{words(plain...)}, ways...)
	}
	return anyOf(ways...)
}

// faultMapping is {WORD: VALUE, PARAM: ...}. The value is that of the first param,
// or true.
func faultMapping(k FaultKind) shape {
	value := onlyTrue()
	if len(k.Params) > 0 {
		value = paramSchema(k.Params[0])
		if len(k.Needed) == 0 {
			value = anyOf(value, onlyTrue())
		}
	}
	properties := shape{}
	for i, p := range k.Params {
		if i > 0 || len(k.Needed) == 0 { // else the word itself has it
			properties[p] = paramSchema(p)
		}
	}
	properties[k.Word] = value.about(k.Doc)
	required := []string{k.Word}
	for _, p := range k.Needed {
		if p != k.Params[0] && !slices.Contains(required, p) {
			required = append(required, p)
		}
	}
	return mappingOf(properties, required...)
}

// paramSchema is what stands for a param of a fault.
func paramSchema(param string) shape {
	switch param {
	case "by":
		return duration()
	case "name", "host":
		return host()
	case "port":
		return port()
	case "protocol":
		return words("tcp", "udp")
	case "rate":
		return anyOf(shape{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, shape{"type": "string", "pattern": `^[0-9.]+%?$`})
	case "to":
		return shape{"type": "string", "pattern": `^[0-9A-Fa-f.:]+$`}
	case "alert":
		return anyOf(words(alertNames()...), shape{"type": "integer", "minimum": 0, "maximum": 255}, shape{"type": "string", "pattern": "^[0-9]+$"})
	case "status":
		return anyOf(shape{"type": "integer", "minimum": 300, "maximum": 699}, shape{"type": "string", "pattern": `^[3-6][0-9][0-9]( .*)?$`})
	case "way":
		return words(server.Ways()...)
	case "address":
		return target()
	}
	return text()
}
