package scenario

import (
	"slices"
	"strings"

	"rehearse/simulator/pki"
	"rehearse/simulator/server"
	"rehearse/simulator/world"
)

// FaultKind is one row of FaultKinds.
type FaultKind struct {
	// Target and Word are what a scenario writes: `ocsp: stale`.
	Target, Word string
	// Kind is the fault's name where it is imposed: a world.FaultKind, or the name
	// of a row of pki.Faults or server.Faults.
	Kind string
	// Params are the keys beside Word that a mapping may have. The value of the key
	// Word itself is that of the first one; where there is none, it is true.
	Params []string
	// Needed are the params without which the fault says nothing.
	Needed []string
	Doc    string // one line for people
}

// The targets of faults, beside those of servers.
const (
	TargetDNS        = "dns"
	TargetNetwork    = "network"
	TargetTLS        = "tls"
	TargetOCSP       = "ocsp"
	TargetCRL        = "crl"
	TargetOriginOCSP = "origin_ocsp"
	TargetOriginCRL  = "origin_crl"
)

// ServerTargets are the targets that are servers of the estate, each with the name
// that package server has for it.
func ServerTargets() [][2]string {
	return [][2]string{
		{"front_end", server.SIP}, {"web", server.Web}, {"meet", server.Meet},
		{"edge", server.Edge}, {"turn", server.TURN}, {"mras", server.MRAS},
		{"provisioning", server.Provisioning}, {"focus", server.Focus}, {"mcu", server.MCU},
	}
}

// FaultKinds is the vocabulary of faults, in the order in which they are listed.
func FaultKinds() []FaultKind {
	kinds := []FaultKind{
		{TargetDNS, "nxdomain", string(world.NXDomain), []string{"name", "client"}, []string{"name"}, "the name is not known"},
		{TargetDNS, "slow", string(world.SlowNames), []string{"by", "name", "client"}, []string{"by"}, "look-ups, of the name or of all, take longer"},
		{TargetDNS, "wrong", string(world.WrongName), []string{"name", "to", "client"}, []string{"name", "to"}, "the name leads to another address"},
		{TargetNetwork, "latency", string(world.Latency), []string{"by", "host", "port", "protocol", "client"}, []string{"by"}, "everything takes longer, each way, to and from the host or for all"},
		{TargetNetwork, "loss", string(world.Loss), []string{"rate", "host", "port", "protocol", "client"}, []string{"rate"}, "datagrams are lost; TCP is delayed"},
		{TargetNetwork, "reset", string(world.Reset), []string{"host", "port", "protocol", "client"}, []string{"host"}, "dials are refused, open connections are reset"},
		{TargetNetwork, "blackhole", string(world.Blackhole), []string{"host", "port", "protocol", "client"}, []string{"host"}, "nothing gets there or comes back"},
		{TargetTLS, "alert", "alert", []string{"alert", "host"}, []string{"alert", "host"}, "the server answers the hello with this fatal alert"},
		{TargetTLS, "cut_record", "cut_record", []string{"host"}, []string{"host"}, "the connection ends inside the server's first record"},
		{TargetTLS, "silence", "silent", []string{"host"}, []string{"host"}, "the server accepts and says nothing"},
	}
	for _, t := range []struct{ target, what string }{
		{TargetOCSP, pki.OCSP}, {TargetCRL, pki.CRL}, {TargetOriginOCSP, pki.OCSP}, {TargetOriginCRL, pki.CRL},
	} {
		kinds = append(kinds, responderFaults(t.target, t.what)...)
	}
	for _, t := range ServerTargets() {
		kinds = append(kinds, serverFaults(t[0], t[1])...)
	}
	return kinds
}

// responderFaults are those of OCSP answers or CRLs.
func responderFaults(target, what string) []FaultKind {
	var kinds []FaultKind
	for _, f := range pki.Faults() {
		if f.What != what && f.What != pki.Both {
			continue
		}
		k := FaultKind{Target: target, Word: strings.TrimPrefix(f.Name, what+"_"), Kind: f.Name, Doc: f.Doc}
		if slices.ContainsFunc(kinds, func(o FaultKind) bool { return o.Word == k.Word }) {
			continue // crl_wrong_issuer beside wrong_issuer
		}
		switch f.Name {
		case "slow":
			k.Params, k.Needed = []string{"by"}, []string{"by"}
		case "silent":
			k.Params = []string{"by"}
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// serverFaults are those of one server of the estate.
func serverFaults(target, name string) []FaultKind {
	var kinds []FaultKind
	for _, f := range server.Faults() {
		if f.Servers != nil && !slices.Contains(f.Servers, name) {
			continue
		}
		k := FaultKind{Target: target, Word: f.Name, Kind: f.Name, Doc: f.Doc}
		switch {
		case f.Name == "alert":
			k.Params, k.Needed = []string{"alert"}, []string{"alert"}
		case f.Name == "slow":
			k.Params, k.Needed = []string{"by"}, []string{"by"}
		case f.Name == "status":
			k.Params, k.Needed = []string{"status", "diagnostics"}, []string{"status"}
		case f.Name == "one_way":
			k.Params, k.Needed = []string{"way"}, []string{"way"}
		case f.Value != "":
			k.Params, k.Needed = []string{"address"}, []string{"address"}
		}
		kinds = append(kinds, k)
	}
	return kinds
}

// targets are the targets of faults, in order.
func targets(kinds []FaultKind) []string {
	var targets []string
	for _, k := range kinds {
		if !slices.Contains(targets, k.Target) {
			targets = append(targets, k.Target)
		}
	}
	return targets
}
