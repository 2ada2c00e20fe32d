package main

import (
	"rehearse/proxy/detect"
	"rehearse/proxy/policy/cpl"
	"rehearse/reports/journal"
)

// The words of the vocabularies whose tables say names only. A test holds every
// row of those tables to a text here.

func stageDoc(s journal.Stage) string {
	return map[journal.Stage]string{
		journal.StageResolve:    "names are looked up",
		journal.StageDiscover:   "the client finds out which servers are its own",
		journal.StageConnect:    "the connection is made, through a CONNECT where there is an explicit proxy",
		journal.StageTLS:        "the TLS handshake, with the trust and the name of the certificate",
		journal.StageRevocation: "the client asks whether the certificates are revoked",
		journal.StageRegister:   "SIP REGISTER, with its challenge and answer",
		journal.StageProvision:  "the client gets its settings from the front end",
		journal.StageRelay:      "credentials for the media relay, and an allocation there",
		journal.StageConference: "the meeting is entered and its audio agreed on",
		journal.StageMedia:      "audio flows",
		journal.StageDone:       "the step is done; the result says how well",
	}[s]
}

func resultDoc(r journal.Result) string {
	return map[journal.Result]string{
		journal.OK:       "done, all of it",
		journal.Refused:  "somebody else said no: a server, the appliance, the network",
		journal.Aborted:  "the client itself hung up",
		journal.Timeout:  "nobody answered in time",
		journal.Degraded: "done, but not all of it: joined without audio, say",
	}[r]
}

// protocol is one that the appliance detects.
type protocol struct{ name, where, doc string }

// protocols are those of both tables of detection, each once.
func protocols() []protocol {
	var all []protocol
	add := func(table detect.Table, where string) {
		for _, d := range table {
			known := false
			for i := range all {
				if all[i].name != d.Protocol {
					continue
				}
				known = true
				if all[i].where != where {
					all[i].where = "first bytes of a flow, and inside TLS"
				}
			}
			if !known {
				all = append(all, protocol{d.Protocol, where, protocolDoc(d.Protocol)})
			}
		}
	}
	add(detect.Outer(), "first bytes of a flow")
	add(detect.Inner(), "inside TLS")
	return all
}

func protocolDoc(name string) string {
	return map[string]string{
		detect.SSL:    "SSL and TLS, by the ClientHello",
		detect.HTTP:   "HTTP/1 requests and the HTTP/2 preface",
		detect.SIPS:   "SIP, which is SIPS inside TLS",
		detect.MSTURN: "the media relay protocol of Skype for Business, behind its pseudo-TLS handshake or in TCP framing",
		detect.TURN:   "TURN and STUN of RFC 8656 and RFC 8489",
	}[name]
}

// mark is how sure the public record makes us of a word of CPL.
type mark struct {
	mark cpl.Mark
	doc  string
}

func marks() []mark {
	return []mark{
		{"D", "documented in a public source"},
		{"D3", "documented in the guide of SGOS 3, and nothing later contradicts it"},
		{"I", "inferred from documented facts"},
		{"R", "recalled; it could not be read again in a public source"},
	}
}

func markDoc(m cpl.Mark) string {
	for _, row := range marks() {
		if row.mark == m {
			return row.doc
		}
	}
	return ""
}

func eventDoc(kind string) string {
	return map[string]string{
		journal.NameResolved{}.Kind():        "a name was looked up",
		journal.Connected{}.Kind():           "a TCP connection was made, or not",
		journal.ConnectAnswered{}.Kind():     "a CONNECT got its answer from the explicit proxy",
		journal.UpstreamOpened{}.Kind():      "the appliance connected to the origin",
		journal.HelloSeen{}.Kind():           "a ClientHello was read",
		journal.HandshakeEnded{}.Kind():      "a TLS handshake came to its end",
		journal.AlertSent{}.Kind():           "a TLS alert was sent or read",
		journal.CertificateSeen{}.Kind():     "the client read the server's certificates, with their revocation pointers",
		journal.CertificateEmulated{}.Kind(): "the appliance made an emulated certificate, or took it from its cache",
		journal.RevocationFetched{}.Kind():   "a CRL or an OCSP answer was fetched, or not",
		journal.RevocationJudged{}.Kind():    "the verdict on the revocation of a chain",
		journal.Detected{}.Kind():            "detection told the protocol of a flow, or gave up",
		journal.RuleMatched{}.Kind():         "a policy rule matched",
		journal.Decided{}.Kind():             "policy came to a decision, with the rule behind it",
		journal.ExceptionSent{}.Kind():       "the appliance answered with an exception",
		journal.FlowHandled{}.Kind():         "what the appliance does with a flow: intercept, tunnel, relay, refuse",
		journal.ApplianceChanged{}.Kind():    "an administrator changed something at the appliance",
		journal.HTTPExchanged{}.Kind():       "an HTTP request and its answer",
		journal.SIPSent{}.Kind():             "a SIP message was sent or received",
		journal.TURNSent{}.Kind():            "a message of the media relay protocol was sent or received",
		journal.MediaFlowed{}.Kind():         "audio was counted: what was sent and what came back",
		journal.BytesReceived{}.Kind():       "an answer came that the client did not expect, in hexadecimal",
		journal.Closed{}.Kind():              "a connection was closed, with FIN or RST, and by whom",
		journal.StageReached{}.Kind():        "the client came to a stage",
		journal.StepEnded{}.Kind():           "the outcome of a client's step",
	}[kind]
}
