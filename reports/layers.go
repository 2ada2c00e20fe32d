package reports

import "rehearse/reports/journal"

// layer is a row of the timeline: what part of the way an event is about.
type layer struct {
	Name  string
	kinds []journal.Body
}

// layers are all of them, from the wire up. An event of any other kind is the
// client's own.
func layers() []layer {
	return []layer{
		{"network", []journal.Body{
			journal.NameResolved{}, journal.Connected{}, journal.ConnectAnswered{}, journal.UpstreamOpened{},
			journal.FlowHandled{}, journal.Closed{}, journal.BytesReceived{},
		}},
		{"TLS", []journal.Body{journal.HelloSeen{}, journal.HandshakeEnded{}, journal.AlertSent{}}},
		{"PKI", []journal.Body{
			journal.CertificateSeen{}, journal.CertificateEmulated{}, journal.RevocationFetched{}, journal.RevocationJudged{},
		}},
		{"policy", []journal.Body{
			journal.Detected{}, journal.RuleMatched{}, journal.Decided{}, journal.ExceptionSent{}, journal.ActionDone{},
			journal.ApplianceChanged{}, journal.TraceWritten{},
		}},
		{"HTTP", []journal.Body{journal.HTTPExchanged{}}},
		{"SIP", []journal.Body{journal.SIPSent{}}},
		{"media", []journal.Body{journal.TURNSent{}, journal.MediaFlowed{}}},
		{"client", []journal.Body{journal.StageReached{}, journal.StepEnded{}}},
	}
}
