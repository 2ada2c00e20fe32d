package scenario

import (
	"slices"
	"strconv"
	"strings"

	"rehearse/proxy"
	"rehearse/proxy/policy/cpl"
	"rehearse/proxy/revocation"
	"rehearse/proxy/wire/tlshello"
	"rehearse/reports/journal"
	"rehearse/simulator/client"
	"rehearse/simulator/server"
)

// EventKinds are the kinds of events that an expectation can name.
func EventKinds() []string {
	var kinds []string
	for _, b := range []journal.Body{
		journal.NameResolved{}, journal.Connected{}, journal.ConnectAnswered{}, journal.UpstreamOpened{},
		journal.HelloSeen{}, journal.HandshakeEnded{}, journal.AlertSent{}, journal.CertificateSeen{},
		journal.CertificateEmulated{}, journal.RevocationFetched{}, journal.RevocationJudged{},
		journal.Detected{}, journal.RuleMatched{}, journal.Decided{}, journal.ExceptionSent{}, journal.FlowHandled{},
		journal.ApplianceChanged{}, journal.HTTPExchanged{}, journal.SIPSent{}, journal.TURNSent{}, journal.MediaFlowed{},
		journal.BytesReceived{}, journal.Closed{}, journal.StageReached{}, journal.StepEnded{},
	} {
		kinds = append(kinds, b.Kind())
	}
	return kinds
}

// KnownCode says whether an outcome's code is one of a table, or of a family: an
// alert's name, a status.
func KnownCode(code string) bool {
	for _, f := range client.Families {
		rest, ok := strings.CutPrefix(code, f.Prefix)
		if !ok {
			continue
		}
		if f.Prefix == "alert_" {
			_, numeric := strconv.Atoi(rest)
			_, ok := alertNumber(rest)
			return ok && numeric != nil
		}
		n, err := strconv.Atoi(rest)
		return err == nil && n >= 100 && n <= 699
	}
	return slices.ContainsFunc(revocation.Codes, func(c revocation.Code) bool { return c.Symbol == code }) ||
		slices.Contains(codeNames(), code)
}

// codeNames are the codes that are spelt out: those of certificates, of clients, of
// the appliance's exceptions and of refused policies.
func codeNames() []string {
	var names []string
	for _, c := range revocation.Codes {
		names = append(names, c.Symbol)
	}
	for _, c := range client.Codes {
		names = append(names, c.Code)
	}
	for _, e := range proxy.Exceptions() {
		names = append(names, e.ID)
	}
	for _, e := range cpl.Explanations() {
		names = append(names, e.ID)
	}
	for _, a := range alertNames() {
		names = append(names, "alert_"+a)
	}
	return append(names, "revocation-pointers-release")
}

// alertNames are the names of TLS alerts.
func alertNames() []string {
	var names []string
	for code := range 256 {
		if name := tlshello.AlertName(uint8(code)); !strings.ContainsAny(name, "0123456789") {
			names = append(names, name)
		}
	}
	return names
}

// alertNumber is the number of an alert given by name or number.
func alertNumber(s string) (string, bool) {
	if n, err := strconv.ParseUint(s, 10, 8); err == nil {
		return strconv.FormatUint(n, 10), true
	}
	for code := range 256 {
		if tlshello.AlertName(uint8(code)) == s {
			return strconv.Itoa(code), true
		}
	}
	return "", false
}

// profiles are the names of client profiles.
func profiles() (all []string) {
	for _, p := range client.Profiles {
		all = append(all, p.Name)
	}
	return all
}

func endings() (all []string) {
	for _, e := range client.Endings {
		all = append(all, string(e))
	}
	return all
}

func clientSpeaks() (all []string) {
	for _, s := range client.Speaks {
		all = append(all, s.Name)
	}
	return all
}

func serverSpeaks() (all []string) {
	for _, p := range server.Speaks() {
		all = append(all, p.Name)
	}
	return all
}

func serviceKinds() (all []string) {
	for _, k := range proxy.Kinds {
		if k != proxy.SOCKS { // which no simulated client speaks
			all = append(all, string(k))
		}
	}
	return all
}

func plainWords() (all []string) {
	for _, a := range plainActions() {
		all = append(all, a.String())
	}
	return all
}
