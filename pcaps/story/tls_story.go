package story

import (
	"fmt"
	"slices"
	"strings"

	"rehearse/proxy/wire/tlshello"
)

// abort says how a handshake ended that was not completed.
func (t *tls) abort(o *TLS) *string {
	if o.HandshakeDone {
		return nil
	}
	word := o.abortWord()
	return &word
}

func (o *TLS) abortWord() string {
	stage, has := "", func(m string) bool { return slices.Contains(o.Messages, m) }
	switch {
	case has("C:client_key_exchange") && o.ServerHellos > 0, o.CCS.C2S > 0 && o.ServerHellos > 0 && o.CertCount > 0:
		return "incomplete_after_client_flight"
	case o.CertCount > 0:
		stage = "after_server_certificate"
	case o.ServerHellos > 0:
		stage = "after_server_hello"
	case o.ClientHellos > 0:
		stage = "after_client_hello"
	default:
		return "midstream_or_other"
	}
	switch {
	case len(o.Alerts) > 0 && stage == "after_client_hello":
		return "alert_" + stage
	case len(o.Alerts) > 0:
		return map[string]string{"c2s": "client", "s2c": "server"}[o.Alerts[0].Dir] + "_alert_" + stage
	case o.FirstClose != nil:
		return o.FirstClose.By + "_" + strings.ToLower(o.FirstClose.Kind) + "_" + stage
	case stage == "after_client_hello":
		return "client_hello_only"
	}
	return "silent_" + stage
}

// story implements protocol.
func (t *tls) story() string {
	if t.out.Frame == 0 {
		return ""
	}
	return join(t.headline(), t.chain(), t.refusal(), t.openedStory())
}

// headline is version, name and how far it came.
func (t *tls) headline() string {
	o := t.out
	name := "TLS"
	switch {
	case o.PseudoSSL:
		return "pseudo-SSL, no TLS"
	case t.version != 0:
		name = tlshello.VersionName(t.version)
	case o.ClientHellos == 0 && o.ServerHellos == 0:
		return "TLS whose beginning was not captured"
	}
	if o.SNI != nil {
		name += " " + *o.SNI
	} else if o.ClientHellos > 0 {
		name += " without SNI"
	}
	if o.HandshakeDone {
		return name + ", handshake completed"
	}
	return name
}

// chain is the server's leaf and its pointers.
func (t *tls) chain() string {
	leaf := t.out.Leaf
	if leaf == nil || !leaf.Parsed {
		return ""
	}
	pointers := "without revocation pointers"
	switch cdp, ocsp := leaf.HasCDP, len(leaf.OCSP) > 0; {
	case cdp && ocsp:
		pointers = "with CRL and OCSP pointers"
	case cdp:
		pointers = "with a CRL pointer, none to OCSP"
	case ocsp:
		pointers = "with an OCSP pointer, none to a CRL"
	}
	if t.out.Stapled {
		pointers += ", OCSP stapled"
	}
	return fmt.Sprintf("certificate %s issued by %s %s", leaf.Name(), leaf.IssuerName, pointers)
}

// refusal is what a broken handshake ended with.
func (t *tls) refusal() string {
	var parts []string
	if t.out.PlainAnswer != "" {
		parts = append(parts, "answered in plain "+t.out.PlainAnswer)
	}
	for _, a := range t.out.Alerts {
		who := map[string]string{"c2s": "client", "s2c": "server"}[a.Dir]
		if a.Level != nil {
			parts = append(parts, fmt.Sprintf("%s sent %s alert %s (%d)", who, *a.Level, a.Name, *a.Desc))
		}
	}
	if t.out.Abort != nil && t.out.ClientHellos+t.out.ServerHellos > 0 {
		parts = append(parts, "handshake not completed, last message "+t.lastMessage())
	}
	return strings.Join(parts, ", ")
}

// lastMessage is the last handshake message that was seen in clear.
func (t *tls) lastMessage() string {
	last := t.out.Messages[len(t.out.Messages)-1]
	who := map[byte]string{'C': "client", 'S': "server"}[last[0]]
	return strings.ReplaceAll(last[2:], "_", " ") + " of the " + who
}
