package radiata.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  private static final JavaClasses OURS =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("radiata");

  @Test
  void layersHold() {
    assertThat(OURS.size()).isGreaterThan(60);
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("safetensors")
        .definedBy("radiata.safetensors..")
        .layer("lycoris")
        .definedBy(
            "radiata.tensor..",
            "radiata.adapter..",
            "radiata.convention..",
            "radiata.names..",
            "radiata.toml..")
        .optionalLayer("merge")
        .definedBy(
            "radiata.bake..",
            "radiata.convert..",
            "radiata.merge..",
            "radiata.extract..",
            "radiata.combine..",
            "radiata.analyze..",
            "radiata.patch..",
            "radiata.parity..",
            "radiata.batch..",
            "radiata.pipeline..")
        .layer("train")
        .definedBy("radiata.train..")
        .layer("cli")
        .definedBy("radiata.cli..")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("merge")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("train")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("lycoris")
        .mayOnlyBeAccessedByLayers("merge", "train", "cli")
        .check(OURS);
  }

  @Test
  void everyClassIsInALayer() {
    assertThat(OURS)
        .allMatch(type ->
            type.getPackageName()
                .matches(
                    "radiata\\.(safetensors|tensor|adapter|convention|names|toml|bake|convert|merge|extract"
                        + "|combine|analyze|patch|parity|batch|pipeline|train|cli)(\\..*)?"));
  }

  @Test
  void onlyTheCommandLineParsesOptions() {
    noClasses()
        .that()
        .resideOutsideOfPackage("radiata.cli..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("org.apache.commons.cli..")
        .check(OURS);
  }

  @Test
  void onlyReadersOfJsonUseGson() {
    noClasses()
        .that()
        .resideOutsideOfPackages(
            "radiata.cli..",
            "radiata.safetensors",
            "radiata.safetensors.provenance",
            "radiata.adapter.file",
            "radiata.adapter.dialect",
            "radiata.bake..",
            "radiata.convert..",
            "radiata.batch..",
            "radiata.train.model",
            "radiata.train.text",
            "radiata.train.sample",
            "radiata.train.adapter",
            "radiata.train.metadata",
            "radiata.train.replay")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("com.google.gson..")
        .check(OURS);
  }

  @Test
  void onlyTheEngineRoomAndReadersOfTokensKnowDjl() {
    noClasses()
        .that()
        .resideOutsideOfPackages("radiata.train.engine", "radiata.train.text")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("ai.djl..")
        .check(OURS);
  }

  @Test
  void packagesOfTheCommandLineHaveNoCycles() {
    slices()
        .matching("radiata.cli.(*)..")
        .should()
        .beFreeOfCycles()
        .check(OURS.that(resideInAPackage("radiata.cli..")));
  }

  @Test
  void nothingPrintsButTheConsole() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("radiata.cli.report.Console")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(OURS);
  }

  @Test
  void onlyMainEndsTheProcess() {
    noClasses()
        .that()
        .doNotHaveFullyQualifiedName("radiata.cli.Main")
        .should()
        .callMethod(System.class, "exit", int.class)
        .check(OURS);
  }
}
