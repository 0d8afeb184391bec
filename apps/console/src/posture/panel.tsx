import type { JSX } from "preact";
import type { PluginRow, Posture } from "../api/types.js";
import { Badge } from "../parts/badge.js";
import { Block, Empty } from "../parts/block.js";
import { Table } from "../parts/table.js";
import { Blank, Fact, Facts, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { entryOf } from "../state/shape.js";
import type { Grade } from "../state/standing.js";
import { numberOf, span } from "../text/format.js";

export function PosturePanel(): JSX.Element {
  const { posture } = useConsole().sources.always;
  const reading = useSource(posture);
  return (
    <Block source={posture} reading={reading}>
      {(answer) => (
        <>
          <Self posture={answer} />
          <Licence posture={answer} />
          <Plugins plugins={answer.plugins ?? []} />
        </>
      )}
    </Block>
  );
}

function Self({ posture }: { readonly posture: Posture }): JSX.Element {
  const { tier, version, environment, instance, uptime_seconds: uptime, metrics, unlocked, role } = posture;
  const up = numberOf(uptime);
  return (
    <Facts>
      <Fact label="Tier">
        <Value of={tier} />
      </Fact>
      <Fact label="Version">
        <Value of={version} />
      </Fact>
      <Fact label="Environment">
        <Value of={environment} />
      </Fact>
      <Fact label="Instance">
        <Value of={instance} />
      </Fact>
      <Fact label="Running for">{up === undefined ? <Blank /> : span(up * 1000)}</Fact>
      <Fact label="Metrics">
        <Value of={metrics} />
      </Fact>
      <Fact label="You may">
        <Value of={role === "viewer" ? "read" : role === undefined ? undefined : "read and act"} />
      </Fact>
      <Fact label="Destructive actions">
        {unlocked === undefined ? (
          <Blank />
        ) : unlocked ? (
          "unlocked"
        ) : (
          "locked: start the server with BALDUR_ADMIN_UNLOCK=1"
        )}
      </Fact>
    </Facts>
  );
}

const LICENCE: Readonly<Record<string, Grade>> = { active: "good", invalid: "warn", expired: "warn" };

function Licence({ posture: { entitlement } }: { readonly posture: Posture }): JSX.Element {
  const { status, organisation, plan, expires, reason } = entitlement ?? {};
  const grade = entryOf(LICENCE, status);
  return (
    <section class="part">
      <h3>Licence</h3>
      <Facts>
        <Fact label="State">
          {status === undefined ? <Blank /> : <Badge {...(grade !== undefined && { grade })}>{status}</Badge>}{" "}
          {reason !== undefined && <Value of={reason} longest={300} />}
        </Fact>
        {organisation !== undefined && (
          <Fact label="Organisation">
            <Value of={organisation} />
          </Fact>
        )}
        {plan !== undefined && (
          <Fact label="Plan">
            <Value of={plan} />
          </Fact>
        )}
        {expires !== undefined && (
          <Fact label="Last day">
            <Value of={expires} />
          </Fact>
        )}
      </Facts>
    </section>
  );
}

const STATES: Readonly<Record<string, Grade>> = { active: "good", failed: "bad" };

function Plugins({ plugins }: { readonly plugins: readonly PluginRow[] }): JSX.Element {
  return (
    <section class="part">
      <h3>Packages</h3>
      {plugins.length === 0 ? (
        <Empty title="No package besides the core is in use" />
      ) : (
        <Table kind="signed" columns={["State", "Package", "Why"]}>
          {plugins.map(({ name, status, reason }) => {
            const grade = entryOf(STATES, status);
            return (
              <tr key={name}>
                <td>
                  <Badge {...(grade !== undefined && { grade })}>
                    <Value of={status} longest={30} />
                  </Badge>
                </td>
                <th scope="row" class="name">
                  <Value of={name} longest={120} />
                </th>
                <td>
                  <Value of={reason} longest={300} />
                </td>
              </tr>
            );
          })}
        </Table>
      )}
    </section>
  );
}
