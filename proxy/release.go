package proxy

import "rehearse/proxy/policy/cpl"

// Feature is something that an SGOS release has or lacks.
type Feature struct {
	Name  string
	Since cpl.Since
	Doc   string
}

// The features on which rehearsals turn. The 6.5 line is documented (KB 169283);
// Modelled: the first release of the later trains (Q11), one line each.
var (
	// FeatureOnException: without any SSL interception policy, a flow is decrypted
	// only to show an exception page (KB 169223).
	FeatureOnException = Feature{"on-exception", since("6.2"), "TLS is intercepted on exception when no policy says otherwise"}
	// FeatureSNIHost: url.host of the interception decision comes from the SNI on
	// transparent flows.
	FeatureSNIHost = Feature{"sni-host", since("6.5.6.1"), "url.host in <SSL-Intercept> is the server name of the ClientHello"}
	// FeaturePointers: emulated certificates can carry a CRL distribution point and
	// an AIA OCSP pointer.
	FeaturePointers = Feature{"revocation-pointers", since("6.5.10.1", "6.6.5.1", "6.7.1.1", "7.1"), "emulated certificates can carry CRL and OCSP pointers"}
	// FeatureDetectSIPS: SIPS and MS-TURN are detected, unknown protocols in TLS are
	// STunnelled.
	FeatureDetectSIPS = Feature{"detect-sips-ms-turn", since("6.5.10.1", "6.6.5.1", "6.7.1.1", "7.1"), "SIPS and MS-TURN are detected, other protocols in TLS are STunnelled"}
	// FeatureTLS13: TLS 1.3 on both sides. Modelled: recalled for the 7.x train.
	FeatureTLS13 = Feature{"tls-1.3", since("7.2"), "TLS 1.3 on both legs"}
)

// Features lists every feature, for `rehearse list`.
func Features() []Feature {
	return []Feature{FeatureOnException, FeatureSNIHost, FeaturePointers, FeatureDetectSIPS, FeatureTLS13}
}

func since(releases ...string) cpl.Since {
	var s cpl.Since
	for _, r := range releases {
		s = append(s, cpl.MustRelease(r))
	}
	return s
}

// In says whether release r has the feature.
func (f Feature) In(r cpl.Release) bool { return f.Since.Has(r) }
