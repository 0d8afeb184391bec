import type { JSX } from "preact";
import type { ControlAnswer } from "../api/types.js";
import { ActionButtons } from "../parts/action-buttons.js";
import { When } from "../parts/age.js";
import { Badge } from "../parts/badge.js";
import { Block } from "../parts/block.js";
import { Blank, Fact, Facts, Figure, Value } from "../parts/value.js";
import { useConsole, useSource } from "../state/console.js";
import { controlActions } from "./actions.js";

export function ControlPanel(): JSX.Element {
  const { control } = useConsole().sources.always;
  const reading = useSource(control);
  return (
    <Block source={control} reading={reading}>
      {(state) => (
        <>
          <Switches state={state} />
          <Actions state={state} />
        </>
      )}
    </Block>
  );
}

function Switches({ state }: { readonly state: ControlAnswer }): JSX.Element {
  const { enabled, dryRun, disabled, dryRunSince, version, persisted } = state;
  return (
    <Facts>
      <Fact label="Baldur">
        {enabled === undefined ? (
          <Blank />
        ) : (
          <Badge grade={enabled ? "good" : "bad"}>{enabled ? "On" : "Off"}</Badge>
        )}
        {disabled !== undefined && (
          <>
            {" "}
            since <When at={disabled.at} />, by <Value of={disabled.by} />: <Value of={disabled.reason} />
          </>
        )}
      </Fact>
      <Fact label="Dry run">
        {dryRun === undefined ? (
          <Blank />
        ) : (
          <Badge grade={dryRun ? "warn" : "good"}>{dryRun ? "Under way" : "No"}</Badge>
        )}
        {dryRunSince !== undefined && (
          <>
            {" "}
            since <When at={dryRunSince.at} />, by <Value of={dryRunSince.by} />
          </>
        )}
      </Fact>
      <Fact label="Stored">
        {persisted === undefined ? <Blank /> : persisted ? "yes" : "not yet: it is tried again"}, version{" "}
        <Figure of={version} />
      </Fact>
    </Facts>
  );
}

function Actions({ state }: { readonly state: ControlAnswer }): JSX.Element {
  const { api, sources } = useConsole();
  return <ActionButtons actions={controlActions(state, api, sources.always.control)} />;
}
