/** The sample action: packets for the collectors of one flow; ovs-actions(7). */
import { dpPort, ofPort } from '../../../base/units.ts';
import type { SampleArguments } from '../../../openflow/actions/sample.ts';
import { reservedPorts } from '../../../openflow/ports.ts';
import { putTunnelHeaders } from '../port-output.ts';
import type { Translation } from '../translation.ts';
import { writeTunnel } from '../tunnels/tunnel-output.ts';

/** No port of the datapath. */
const noPort = dpPort(0xffffffff);

/** Without an exporter, nothing is sampled. */
export function sampleFlow(t: Translation, sample: SampleArguments): void {
  const { ofproto } = t;
  const { probability, direction } = sample;
  if (ofproto.exporters.ipfix === undefined) return;
  const isInput = sample.port === reservedPorts.ANY || sample.port === t.inPortNumber;
  const port = isInput ? undefined : ofproto.ports.get(ofPort(sample.port));
  const outputPort = isInput ? noPort : port?.dpPort;
  if (outputPort === undefined) {
    t.tell({ event: 'misplaced', what: `can't use unknown port ${sample.port} in flow sample action` });
    return;
  }
  t.datapath.commit();
  const tunnel = ofproto.exporters.ipfix.samplesTunnelsOf(sample.collectorSet) ? port?.tunnel : undefined;
  if (tunnel !== undefined) {
    writeTunnel(tunnel, t.flow, t.mask);
    if (!t.request.context.tunnels.isOn) putTunnelHeaders(t, tunnel);
  }
  t.sampling.sample(ofproto, ((probability << 16) | probability) >>> 0, {
    probability,
    collectorSetId: sample.collectorSet,
    observationDomainId: sample.observationDomain,
    observationPointId: sample.observationPoint,
    outputPort,
    ...(tunnel === undefined ? {} : { tunnelOutPort: outputPort }),
    ...(direction === 'default' ? {} : { direction }),
  });
}
